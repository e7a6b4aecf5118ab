-- actions.scopes: the finished journeys of each mission, and of ALL.
-- grain   mission, journey_id
-- reads   actions.standings
-- params  none
select mission, journey_id, order_id, ordered_at from actions.standings
where not is_open and mission <> 'ALL'
union all
select 'ALL' as mission, journey_id, order_id, ordered_at from actions.standings
where not is_open
