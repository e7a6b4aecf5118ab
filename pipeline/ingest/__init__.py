"""The way in: delivered files become typed rows, what stands, what was refused, each file's account."""
