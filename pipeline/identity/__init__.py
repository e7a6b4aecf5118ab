"""Who is who over the nights: evidence, linking, ids, rulings; and the one door for whoever asks of a person."""
