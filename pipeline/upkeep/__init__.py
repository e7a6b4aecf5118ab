"""The data folder between nights: rights, room, what killed runs left, and what goes by age."""
