-- ingest.mastodon__statuses: a public Mastodon status as a post: its text without markup, its hashtags as topics.
-- What is not public is nobody's to count; a boost says what somebody else said.
-- grain   post_id
-- reads   door.mastodon__statuses
-- params  none
with delivered as (
    select
        *,
        regexp_replace(regexp_replace(content, '</p>|<br ?/?>', ' ', 'g'), '<[^>]*>', '', 'g') as plain,
        regexp_extract_all(tags, '"name": *"([^"\\]*)"', 1) as tag_names
    from door.mastodon__statuses
),

worded as (
    select
        *,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(regexp_replace(plain, '&lt\x3b', '<', 'g'), '&gt\x3b', '>', 'g'),
                    '&quot\x3b', '"', 'g'
                ),
                '&#39\x3b', chr(39), 'g'
            ),
            '&amp\x3b', '&', 'g'
        ) as words
    from delivered
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    id as post_id,
    'mastodon' as platform,
    handle as author_handle,
    created_at,
    coalesce(nullif(trim(words), ''), spoiler_text) as text,
    language as lang,
    favourites_count as likes,
    reblogs_count as shares,
    case when array_length(tag_names) > 0 then concat('["', array_to_string(tag_names, '","'), '"]') end as topics,
    in_reply_to_id as in_reply_to,
    edited_at as updated_at,
    case
        when broken is not null then broken
        when visibility not in ('public', 'unlisted') then 'not_ours: the status is not public'
        when boosted is not null then 'not_ours: a boost of what somebody else said'
    end as broken
from worded
