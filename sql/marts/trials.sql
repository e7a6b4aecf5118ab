-- marts.trials: how each moment is judged, one row a moment of the map: its trial written down, and of which data and version.
-- grain   moment
-- reads   ranking.trials
-- params  none
select * from ranking.trials
