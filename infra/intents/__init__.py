"""The intent model: its material, how it is taught, how good it is on what it has not seen."""
