-- identity.compared: the profiles with the group that sure keys tie, for the pair model to learn from and to compare.
-- grain   record_id
-- reads   identity.profiles, identity.sure_groups
-- params  none
with
profiles as (select * from identity.profiles),
sure_groups as (select * from identity.sure_groups)
select profiles.*, cast(sure_groups.sure as bigint) as sure
from profiles
left join sure_groups on profiles.record_id = sure_groups.record_id
