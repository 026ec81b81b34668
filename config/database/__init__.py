"""PostgreSQL as Django speaks it, with a pool that never hands out a dead connection."""
