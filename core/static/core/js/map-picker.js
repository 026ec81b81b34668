/**
 * An optional point on a map: `[data-map]`, drawn by components/map_picker.html.
 * Boundaries come as GeoJSON from `#map-regions` (feature `properties`: `code`, `name`); tiles only
 * when a tile address is configured. Click or Enter sets the point, the arrow keys move the map.
 */

import { behaviour } from "./behaviours.js";
import { text } from "./text.js";

const CHOSEN = "map__region--chosen";
const DIGITS = 6;

function drawRegions(L, map, regions) {
  return L.geoJSON(regions, {
    interactive: false,
    style: () => ({ className: "map__region" }),
    onEachFeature: (feature, layer) =>
      layer.bindTooltip(feature.properties.name, { permanent: true, direction: "center", className: "map__name" }),
  }).addTo(map);
}

/** Start one picker; Leaflet must have been loaded. */
export function startMap(root) {
  const L = window.L;
  const block = document.getElementById("map-regions");
  const canvas = root.querySelector("[data-map-canvas]");
  if (!L || !canvas) return;
  const map = L.map(canvas, { attributionControl: false, zoomControl: false, zoomSnap: 0.5 });
  L.control.zoom({ zoomInTitle: text("zoom_in"), zoomOutTitle: text("zoom_out") }).addTo(map);
  const { tileUrl, regionInput } = root.dataset;
  if (tileUrl) L.tileLayer(tileUrl, { maxZoom: 19 }).addTo(map);
  const layer = drawRegions(L, map, JSON.parse(block?.textContent || "null") ?? []);
  const home = layer.getBounds();
  if (home.isValid()) map.fitBounds(home, { padding: [12, 12] });
  else map.setView([30.66, 104.06], 10);
  const point = pointKeeper(L, map, root);
  map.on("click", (event) => point.set(event.latlng));
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== canvas) return;
    event.preventDefault();
    point.set(map.getCenter());
  });
  root.querySelector("[data-map-clear]").addEventListener("click", point.clear);
  root.querySelector("[data-map-locate]").addEventListener("click", () => locate(root, map, point));
  followRegion(map, layer, document.getElementById(regionInput));
}

function pointKeeper(L, map, root) {
  const lat = root.querySelector("[data-map-lat]");
  const lng = root.querySelector("[data-map-lng]");
  const clearButton = root.querySelector("[data-map-clear]");
  const status = root.querySelector("[data-map-status]");
  let marker = null;
  const set = (place) => {
    marker?.remove();
    marker = L.circleMarker(place, { className: "map__point", radius: 9 }).addTo(map);
    lat.value = place.lat.toFixed(DIGITS);
    lng.value = place.lng.toFixed(DIGITS);
    clearButton.hidden = false;
    status.textContent = text("point_set", { lat: place.lat.toFixed(5), lng: place.lng.toFixed(5) });
    lat.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const clear = () => {
    marker?.remove();
    lat.value = "";
    lng.value = "";
    clearButton.hidden = true;
    status.textContent = text("point_cleared");
    lat.dispatchEvent(new Event("change", { bubbles: true }));
  };
  if (lat.value && lng.value) set(L.latLng(Number(lat.value), Number(lng.value)));
  return { set, clear };
}

function locate(root, map, point) {
  const status = root.querySelector("[data-map-status]");
  status.textContent = text("locating");
  const failed = () => {
    status.textContent = text("locate_failed");
  };
  if (!navigator.geolocation) return failed();
  return navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      const place = window.L.latLng(coords.latitude, coords.longitude);
      map.setView(place, 15);
      point.set(place);
    },
    failed,
    { enableHighAccuracy: true, timeout: 10000 },
  );
}

function followRegion(map, layer, select) {
  if (!select) return;
  const show = () => {
    layer.eachLayer((shape) => {
      const code = String(shape.feature.properties.code);
      const chosen = Boolean(select.value) && select.value.startsWith(code);
      shape.getElement()?.classList.toggle(CHOSEN, chosen);
      if (chosen) map.fitBounds(shape.getBounds(), { padding: [12, 12] });
    });
  };
  select.addEventListener("change", show);
  show();
}

behaviour("[data-map]", (root) => {
  if (window.L) startMap(root);
  else addEventListener("load", () => startMap(root), { once: true });
});
