"""Reading tables that other systems give us."""
