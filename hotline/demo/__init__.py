"""The fictional city's matters: data files, and the player that lives them through the actions."""


def load_matters() -> int:
    """Play every demo matter that is not there yet; return how many were new."""
    from hotline.demo.player import play_all  # needs the app registry

    return play_all()
