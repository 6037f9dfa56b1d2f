"""Who lives in the world, one file each: Mesa agents that act in the phases of the day."""
