-- marts.moment_ranking: one row per mission (and 'ALL') and moment of the map.
-- grain   mission, moment
-- reads   ranking.moment_ranking
-- params  none
select * from ranking.moment_ranking
