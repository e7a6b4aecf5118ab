-- marts.connected_moments: what one moment does to the next, one row per mission (or 'ALL') and pair that was tested.
-- grain   mission, moment, next_moment
-- reads   ranking.connected_moments
-- params  none
select * from ranking.connected_moments
