-- marts.moment_pairs: how a moment's effect differs after an earlier moment of the same journey.
-- grain   moment, next_moment
-- reads   ranking.moment_pairs
-- params  none
select * from ranking.moment_pairs
