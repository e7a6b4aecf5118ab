-- marts.ranking_changes: the ranking beside that of the night before, and what changed by more than noise.
-- grain   mission, moment
-- reads   ranking.ranking_changes
-- params  none
select * from ranking.ranking_changes
