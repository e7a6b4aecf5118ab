-- identity.settled_records: the resettled records, and all who hold an e-mail address or phone number of theirs.
-- grain   record_id
-- reads   identity.resettled, identity.keys
-- params  none
select record_id from identity.resettled
union
select record_id from identity.keys where key_kind in ('email', 'phone')
