"""The words that profiles, studios and reviews are made of; all of them made up."""

from __future__ import annotations

STUDIO_NAMES = (
    "Black Anchor",
    "Ink & Steel",
    "The Gilded Needle",
    "North Star",
    "Paper Crane",
    "Salt & Bone",
    "Iron Thistle",
    "Velvet Swallow",
    "Lucky Magpie",
    "Raven Row",
    "Copper Fox",
    "Second Skin",
    "Old Harbour",
    "Wild Fern",
    "Moth & Moon",
    "True Compass",
)

STUDIO_KINDS = ("Tattoo", "Studio", "Tattoo Club", "Tattoo Collective", "Ink")

BIOS = (
    "{style} is where I started and what I still draw every morning. Ask me for {motif}.",
    "Custom {style} work, drawn with you and never repeated. Mostly {motif} at the moment.",
    "Known for {motif}. {style} first, everything else on request.",
    "I came to {style} from illustration, and it shows: a lot of {motif}, a lot of patience.",
    "{style} pieces that age well. Happy with cover-ups, happier with {motif}.",
)

CERTIFICATIONS = (
    "Bloodborne Pathogens",
    "First Aid",
    "Infection Control",
    "Color Theory",
    "Cosmetic Tattooing",
)

HANDLE_ENDINGS = ("ink", "tattoos", "tattoo", "draws")

PLACEMENTS = ("forearm", "upper arm", "shoulder", "calf", "thigh", "ribs", "back", "ankle", "wrist")

CLIENT_FIRST_NAMES = (
    "Aisha",
    "Ben",
    "Callum",
    "Chloe",
    "Daniel",
    "Ewan",
    "Femi",
    "Freya",
    "Grace",
    "Hassan",
    "Imogen",
    "Jack",
    "Keira",
    "Leila",
    "Marcus",
    "Nadia",
    "Oscar",
    "Priya",
    "Rhys",
    "Sophie",
    "Tomasz",
    "Yasmin",
)

CLIENT_LAST_NAMES = (
    "Adeyemi",
    "Ahmed",
    "Bennett",
    "Campbell",
    "Chen",
    "Davies",
    "Evans",
    "Fletcher",
    "Hughes",
    "Kaur",
    "Khan",
    "MacDonald",
    "Nowak",
    "Okafor",
    "Patel",
    "Reid",
    "Shah",
    "Taylor",
    "Walsh",
    "Wright",
)

REVIEWS = {
    1: (
        "Two hours late and in a hurry after that.",
        "Lines are blown out already. I would not go back.",
    ),
    2: (
        "The design was fine, the shading is patchy.",
        "Friendly enough, but it healed badly and needed a touch-up.",
    ),
    3: (
        "Good work, though the appointment was moved twice.",
        "Solid, if not quite what we had talked about.",
    ),
    4: (
        "Clean lines and a relaxed afternoon. A bit pricey.",
        "Very happy with it; the sketch took a few rounds.",
        "Lovely studio, careful aftercare advice.",
    ),
    5: (
        "Exactly the drawing I had in my head, only better.",
        "Healed perfectly. Already booked the next one.",
        "Patient, gentle, and the detail is unbelievable.",
        "The best studio I have been to. Explained every step.",
    ),
}
"""What clients write, by the stars that they give."""
