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
    VendorTable(
        "x",
        "social",
        "tweets",
        "posts",
        "id text",
        "author_id created_at lang withheld username=author.username note=note_tweet.text "
        "versions=edit_history_tweet_ids referenced=referenced_tweets hashtags=entities.hashtags "
        "like_count=public_metrics.like_count repost_count=public_metrics.retweet_count "
        "place=geo.name place_type=geo.place_type",
    ),
)
