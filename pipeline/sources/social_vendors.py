"""Posts as social networks' APIs give them."""

from pipeline.sources.tables import VendorTable

TABLES = (
    VendorTable(
        "mastodon",
        "social",
        "statuses",
        "posts",
        "id created_at",
        "edited_at content spoiler_text visibility language favourites_count reblogs_count in_reply_to_id tags "
        "boosted=reblog.id handle=account.acct",
    ),
)
