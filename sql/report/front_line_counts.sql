-- report.front_line_counts: how many cards staff have tonight, and how many of them tell of a moment ahead or of an open request.
-- A count of fewer than small_group customers is null, but for none at all.
-- grain   cards
-- reads   marts.cards
-- params  small_group
with counts as (
    select
        count(*) as cards,
        count(next_moment) as next_cards,
        count(open_requests) as request_cards
    from marts.cards
)
select
    cast(case when cards = 0 or cards >= $small_group then cards end as bigint) as cards,
    cast(case when next_cards = 0 or next_cards >= $small_group then next_cards end as bigint) as next_cards,
    cast(case when request_cards = 0 or request_cards >= $small_group then request_cards end as bigint) as request_cards
from counts
