-- marts.map_warnings: where the data contradict what the journey map says of a moment.
-- grain   moment, warning
-- reads   ranking.map_warnings
-- params  none
select * from ranking.map_warnings
