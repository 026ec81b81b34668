/** Everything a console page may use. A page's own module is loaded after this one. */

import { watchPage } from "./behaviours.js";
import { watchServerToasts } from "./toast.js";
import "./mode.js";
import "./dialogs.js";
import "./shortcuts.js";
import "./counter.js";
import "./copy.js";
import "./countdown.js";
import "./autosave.js";
import "./upload.js";
import "./map-picker.js";

watchServerToasts();
watchPage();
