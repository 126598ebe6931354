"""The made-up documents in English: (suffix, title, text, questions, what is untold, things)."""

from __future__ import annotations

FIELDS = {
    "bench": ("motor", "heat", "current", "blade", "bearing"),
    "recipes": ("dish", "oven", "minutes", "spice", "guest"),
    "trips": ("peak", "hut", "hours", "bridge", "animal"),
    "devices": ("device", "battery", "reset", "months", "drawer"),
    "garden": ("plant", "acid", "week", "pest", "bed"),
    "meetings": ("project", "decision", "money", "person", "room"),
    "samples": ("sample", "density", "oven", "supplier", "colour"),
    "letters": ("friend", "town", "job", "train", "pet"),
}

KINDS: dict[
    str, tuple[str, str, str, tuple[tuple[str, str], ...], str, tuple[tuple[str, ...], ...]]
]
KINDS = {
    "bench": (
        ".md",
        "Bench run of the {motor} motor",
        "The {motor} ran for twenty minutes with the {blade} propeller on the test stand.\n\n"
        "Its winding reached {heat} degrees; at full throttle it drew {current} amperes. The"
        " {bearing} bearing hummed a little, so it gets grease before the next flight.",
        (
            ("How hot did the winding of the {motor} get?", "{heat} degrees"),
            ("Which propeller was on the {motor}?", "{blade}"),
        ),
        "What warranty does the {motor} carry from its manufacturer?",
        (
            ("Kestrel", "71", "18.4", "carbon", "front"),
            ("Sandpiper", "64", "12.9", "maple", "rear"),
            ("Goshawk", "88", "31.2", "folding", "upper"),
            ("Lapwing", "57", "9.6", "nylon", "lower"),
            ("Merlin", "93", "40.1", "scimitar", "ceramic"),
        ),
    ),
    "recipes": (
        ".txt",
        "{dish} as we like it",
        "Heat the oven to {oven} degrees. The {dish} bakes for {minutes} minutes on the lowest"
        " rack, covered for the first half.\n\nSeason it with {spice}; {guest} asked for twice as"
        " much of it last time.",
        (
            ("For how many minutes does the {dish} bake?", "{minutes} minutes"),
            ("What is the {dish} seasoned with?", "{spice}"),
        ),
        "Which wine pairs nicely with the {dish}?",
        (
            ("leek tart", "190", "34", "nutmeg", "Oona"),
            ("plum crumble", "175", "41", "cardamom", "Teodor"),
            ("barley loaf", "230", "52", "caraway", "Ismay"),
            ("fennel gratin", "205", "27", "saffron", "Corin"),
            ("walnut rolls", "215", "19", "aniseed", "Perpetua"),
        ),
    ),
    "trips": (
        ".md",
        "Up {peak} and back",
        "We started from the {hut} hut before dawn and stood on {peak} after {hours} hours.\n\n"
        "The {bridge} bridge was washed away, so the way down follows the old mill stream. Near"
        " the saddle we saw a {animal}.",
        (
            ("From which hut does one start for {peak}?", "{hut}"),
            ("Which animal was seen near the saddle of {peak}?", "{animal}"),
        ),
        "What does a permit for camping on {peak} cost?",
        (
            ("Mount Ellory", "Fernlock", "seven", "rope", "marten"),
            ("Grey Anvil", "Saltmarsh", "five", "plank", "lynx"),
            ("Tarn Peak", "Osier", "nine", "stone", "chamois"),
            ("Widow's Comb", "Hartsill", "six", "chain", "capercaillie"),
            ("Long Sable", "Quarrier", "eleven", "timber", "wolverine"),
        ),
    ),
    "devices": (
        ".html",
        "Notes on the {device}",
        "The {device} takes a {battery} cell. To reset it, hold {reset} until the lamp blinks"
        " twice.\n\nIt has to be calibrated every {months} months; the reference weight and the"
        " cable lie in the {drawer} drawer.",
        (
            ("Which cell belongs into the {device}?", "{battery}"),
            ("In which drawer is the reference weight of the {device}?", "{drawer}"),
        ),
        "Who invented the {device} originally, and in what century?",
        (
            ("hygrometer", "CR2450", "the side key", "eight", "green"),
            ("theodolite", "LR44", "both arrows", "fourteen", "oak"),
            ("refractometer", "18650", "the round knob", "three", "second"),
            ("anemometer", "A23", "the blue switch", "ten", "corner"),
            ("dosimeter", "CR1632", "menu and back", "five", "steel"),
        ),
    ),
    "garden": (
        ".txt",
        "{plant} this year",
        "The {plant} went into bed {bed} in week {week}. The soil there measured pH {acid}.\n\n"
        "In June there were {pest} on the leaves; soap water and patience were enough.",
        (
            ("In which week was the {plant} planted?", "week {week}"),
            ("Which pest sat on the leaves of the {plant}?", "{pest}"),
        ),
        "What price did the market pay for a crate of {plant}?",
        (
            ("salsify", "6.4", "15", "sawflies", "two"),
            ("borlotti beans", "6.9", "20", "aphids", "four"),
            ("kohlrabi", "7.1", "13", "flea beetles", "one"),
            ("physalis", "5.8", "22", "whiteflies", "seven"),
            ("skirret", "6.2", "17", "leafhoppers", "nine"),
        ),
    ),
    "meetings": (
        ".md",
        "Minutes: {project}",
        "For {project} we agreed to {decision}. The budget is {money} euros until spring.\n\n"
        "{person} takes care of the contract and reports in the {room} room in a fortnight.",
        (
            ("How many euros are there for {project}?", "{money} euros"),
            ("Who looks after the contract of {project}?", "{person}"),
        ),
        "Which lawyer sued over the trademark of {project}?",
        (
            ("Project Lantern", "rent a second kiln", "4,250", "Marisol", "attic"),
            ("Project Heron", "print the atlas abroad", "11,900", "Anselm", "mirror"),
            ("Project Quince", "tune the organ first", "2,730", "Wilhelmina", "map"),
            ("Project Tundra", "hire a translator", "7,480", "Dashiell", "piano"),
            ("Project Cobalt", "repaint the tram", "15,060", "Ottoline", "garden"),
        ),
    ),
    "samples": (
        ".md",
        "Sample {sample}",
        "{sample} was supplied by {supplier} and looks {colour}. Its density is {density} grams per"
        " cubic centimetre.\n\nIt was annealed at {oven} kelvin overnight and cooled slowly; no"
        " cracks under the microscope.",
        (
            ("What is the density of {sample}?", "{density} grams"),
            ("Who supplied {sample}?", "{supplier}"),
        ),
        "What magnetic susceptibility does {sample} show at helium pressure?",
        (
            ("QX-17", "4.87", "910", "Brandywell", "violet"),
            ("RT-204", "2.31", "640", "Ostermoor", "chalky"),
            ("LM-9", "7.75", "1180", "Finchley Glass", "amber"),
            ("PV-66", "3.09", "720", "Nordhavn", "smoky"),
            ("ZK-310", "5.52", "1045", "Castelmar", "rosy"),
        ),
    ),
    "letters": (
        ".eml",
        "News from {friend}",
        "Dear all,\n\nI have moved to {town} and work as a {job} now. The {train} train stops"
        " almost at my door, so come and visit.\n\n{pet} the cat has settled in and sleeps on the"
        " boiler.\n\nYours, {friend}",
        (
            ("To which town did {friend} move?", "{town}"),
            ("What is the cat of {friend} called?", "{pet}"),
        ),
        "Which university awarded {friend} a doctorate in astronomy?",
        (
            ("Leopold", "Vantry", "glazier", "evening", "Biscuit"),
            ("Henrike", "Osbeck", "luthier", "harbour", "Pepper"),
            ("Tomasz", "Calder Row", "surveyor", "sleeper", "Admiral"),
            ("Yevgenia", "Mirefield", "beekeeper", "narrow-gauge", "Domino"),
            ("Alasdair", "Thornsey", "typesetter", "milk", "Marzipan"),
        ),
    ),
}

FOREIGN = (
    "When did the volcano on the island erupt?",
    "How long is a football pitch?",
    "Who won the chess championship in Havana?",
    "What is the capital of Mongolia?",
    "How do I renew my passport?",
    "Which satellite photographed the comet?",
    "What is the boiling point of ammonia?",
    "Who composed the opera about the tsar?",
    "How many moons circle Neptune?",
    "Where can I buy a submarine?",
    "What does insulin do in the bloodstream?",
    "Which vaccine protects against rabies?",
    "How is whisky distilled?",
    "What caused the banking crisis?",
    "Who painted the ceiling of the chapel?",
    "Which glacier feeds the Rhone?",
)
