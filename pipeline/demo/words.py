"""Names, streets and sentences of people who do not exist."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """Aoife Cillian Niamh Oisin Saoirse Fionn Roisin Cormac Orla Declan Sinead Padraig Grainne Eamon Maeve Tadhg
    Ciara Donal Aisling Brendan Deirdre Lorcan Eilish Ronan Fiadh Conor Caoimhe Darragh Bronagh Senan Nuala Diarmuid
    Clodagh Ruairi Mairead Colm Sorcha Fergus Emer Killian Una Niall Ailbhe Eoin Blathnaid Rory Sadhbh Malachy
    Margaret Hugh Eleanor Alastair Josephine Bernard Rosaleen Desmond Philomena Gerard Kathleen Dermot Imelda Brian
    Pawel Agnieszka Tomasz Magdalena Andrzej Ewa Jakub Zuzanna Ioana Bogdan Mihaela Radu Chinedu Ngozi Folake Tunde
    Abigail Jonathan Madeleine Theodore Penelope Benedict Cordelia Rupert Isobel Crispin Millicent Alexander Harriet
    Frederick Winifred Matthew Florence Timothy Constance Joseph Rebecca Lawrence Susannah Peter Geraldine Stephen
    Marianne Vincent Charlotte Dominic Annabel Leonard Francesca Maurice Cecilia Raymond Bridget Jerome Miriam
    """
)
NICKNAMES = {
    "Margaret": "Peggy",
    "Eleanor": "Nell",
    "Josephine": "Josie",
    "Bernard": "Bernie",
    "Desmond": "Des",
    "Philomena": "Phil",
    "Gerard": "Gerry",
    "Kathleen": "Kath",
    "Padraig": "Paddy",
    "Agnieszka": "Aga",
    "Tomasz": "Tomek",
    "Magdalena": "Magda",
    "Jakub": "Kuba",
    "Zuzanna": "Zuza",
    "Abigail": "Abby",
    "Jonathan": "Jon",
    "Theodore": "Ted",
    "Penelope": "Penny",
    "Alexander": "Alex",
    "Harriet": "Hattie",
    "Frederick": "Fred",
    "Winifred": "Freda",
    "Matthew": "Matt",
    "Timothy": "Tim",
    "Constance": "Connie",
    "Joseph": "Joe",
    "Rebecca": "Becky",
    "Lawrence": "Larry",
    "Peter": "Pete",
    "Stephen": "Steve",
    "Charlotte": "Lottie",
    "Leonard": "Len",
    "Francesca": "Fran",
    "Raymond": "Ray",
    "Bridget": "Bridie",
}
SURNAME_HEADS = _words(
    """Ald Ash Bal Bar Beck Bram Bren Brook Cal Carn Clon Corr Cran Dal Der Don Dun Eld Fal Fen Gal Glen Gort Grav Had
    Hart Hazel Holl Inch Kel Kil Kin Lan Lark Lin Lock Mal Mar Mell Mon Mul Nor Oak Or Pen Quill Rath Red Ros Rush Sal
    Sed Shan Slad Strad Swin Tal Thorn Tor Tull Ver Wex Whit Win Yar"""
)
SURNAME_TAILS = _words(
    """agher bury by carrick combe croft den don er ey field ford gan gate gill ham igan ing lan ley lock lough low
    mere more nan ney nolly ough over rick rin ridge shaw son stead ton ty vin wall way well wick worth"""
)
STREETS = _words(
    """Alder Aspen Barrack Beech Bramble Canal Castle Cedar Chapel Chestnut Church Clover College Convent Copper
    Cross Dairy Elm Ferry Foundry Friary Gorse Granary Hawthorn Heather Holly Juniper Kiln Larch Laurel Linden Main
    Mallow Maple Meadow Mill Moss Nettle North Parnell Pearse Poplar Priory Quarry Rectory Rowan Sallow School Sorrel
    South Spruce Strand Sycamore Tannery Thistle Tower Walnut Weaver Well Willow"""
)
STREET_KINDS = ("Road", "Street", "Park", "Close", "Terrace", "Row", "Grove", "Heights")
MAIL_HOSTS = ("letterbox.example", "fernmail.example", "talk.example", "townnet.example", "desk.example")
AGENCY_MAIL = "office@greenhands-landscaping.example"
PLACEHOLDER_PHONE = "+353850000000"

SUBJECTS = {
    "any": (
        "the order", "the whole thing", "their website", "the shop in town", "customer care", "the prices",
        "the girl at the information desk", "the app", "everything I bought", "that place",
    ),
    "new_garden": (
        "the planting crew", "our new hedge", "the garden plan", "the apple trees", "the lawn turf",
        "the young birch", "the border design", "the two pallets of topsoil",
    ),
    "kitchen_garden": (
        "the tomato plants", "the raised bed kit", "the seed potatoes", "the courgettes", "the herb starts",
        "the advice on blight", "the compost", "the bean seedlings",
    ),
    "balcony": (
        "the planters", "the little olive tree", "the lavender pots", "the window boxes", "the climbing rose",
        "the self-watering trough", "the fern for the hall", "the pot stand",
    ),
    "gift": (
        "the bouquet", "the orchid for my mother", "the gift hamper", "the wreath", "the card that came with it",
        "the voucher", "the wrapped azalea", "the birthday plant",
    ),
}  # fmt: skip
PRAISE = (
    "{s} turned out lovely", "really pleased with {s}", "{s} exceeded what I hoped for", "I love {s}",
    "{s} is thriving, thank you", "could not fault {s}", "no complaints at all about {s}",
    "{s} made my whole week", "so happy with {s}", "{s} was superb, worth every cent",
    "honestly the best, {s} is a joy", "{s} is beautiful and so well looked after",
    "I was worried at first but {s} came out great", "what a treat, {s} is perfect",
    "{s} is gorgeous", "brilliant, {s} went better than planned", "big thanks, {s} is wonderful",
    "friendly people and {s} is excellent",
)  # fmt: skip
BLAME = (
    "{s} was a let-down", "not happy with {s}", "{s} arrived half dead", "very disappointed in {s}",
    "{s} is a waste of money", "nobody could tell me anything about {s}", "{s} was late and battered",
    "I would not recommend {s}", "shocking service, {s} never came right", "{s} is already wilting and limp",
    "still waiting for somebody to sort out {s}", "fed up, {s} was wrong again",
    "{s} looked nothing like the picture, awful", "they ruined my weekend over {s}",
    "rude answer when I asked about {s}", "broken, dirty and late: {s}", "I expected far better of {s}",
    "{s} was poor and I want my money back",
)  # fmt: skip
PLAIN = (
    "is {s} still available in October?", "collected {s} on Tuesday", "{s} came in two parts",
    "we will see how {s} does after the winter", "does anybody know how often to water {s}?",
    "{s} is much the same as last year", "ordered {s} for the second time",
    "they moved {s} to the other side of the store", "{s} needs more sun than I thought",
    "asked about {s}, they will ring back", "paid for {s} by card", "swapped {s} for a larger size",
    "{s} is by the back door now", "saw {s} in the leaflet", "measured the plot before choosing {s}",
)  # fmt: skip
OPENERS = {
    "positive": ("", "", "", "Well done: ", "Wow, ", "Just to say, ", "Finally! ", "Five stars. ", "Update: "),
    "negative": ("", "", "", "Sorry, but ", "Avoid. ", "Honestly, ", "Third time now: ", "One star. ", "Update: "),
    "neutral": ("", "", "", "FYI ", "So, ", "Note to self: ", "Question, ", "For the record, ", "Update: "),
}
CLOSERS = {
    "positive": ("", "", ".", "!", " :)", " \U0001f33b", " and the staff were lovely.", ". Will be back!", "!!"),
    "negative": ("", "", ".", "!", " :(", " \U0001f621", " and nobody rang me back.", ". Never again.", "..."),
    "neutral": ("", "", ".", "", " #garden", ", I think", ". That is all.", ". Rain again today.", "..."),
}
TURNS = {
    "positive": " The car park was full, mind.",
    "negative": " Nice lad at the till though.",
    "neutral": " Grand.",
}
CHATTER = (
    "bus was packed this morning", "who is watching the match tonight?", "that sunset over the bay, amazing",
    "my phone battery is useless", "coffee first, then the world", "cannot believe it is June already",
    "the queue at the bank was a disgrace", "new season starts on Sunday", "our dog ate the remote, again",
    "lovely evening for a walk", "traffic on the ring road is a nightmare", "anyone selling a bike?",
    "the library closes at five", "best chips in the county, hands down", "left my umbrella on the train",
    "so tired of this rain", "the new bakery is fantastic", "parked beside the old mill",
)  # fmt: skip
CHATTER_FEELINGS = "x n p n x n n n x p n x n n x p n x"  # p positive, x negative, n neutral: one for each of CHATTER
