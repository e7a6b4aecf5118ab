-- identity.authors: every way in which a social handle is written, in the CRM and by its author, with its plain form.
-- grain   written
-- reads   ingest.customers, ingest.posts
-- params  none
with
written as (
    select social_handle as written from ingest.customers
    union all
    select author_handle as written from ingest.posts
)
select distinct written, regexp_replace(lower(trim(written)), '^@', '') as handle
from written
where written is not null and trim(written) <> ''
