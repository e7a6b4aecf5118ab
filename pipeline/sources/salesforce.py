"""Salesforce's tables, as a warehouse connector lands them (fields in snake case)."""

from pipeline.sources.tables import VendorTable, unused

_SYNC = "_fivetran_synced is_deleted last_modified_date system_modstamp"


def _table(table: str, becomes: str, required: str, optional: str = "") -> VendorTable:
    return VendorTable("salesforce", "crm", table, becomes, required, f"{_SYNC} {optional}")


_PERSON = "email phone mobile_phone first_name last_name has_opted_out_of_email"
TABLES = (
    _table(
        "contact",
        "customers",
        "id created_date",
        f"{_PERSON} home_phone birthdate mailing_street mailing_city mailing_postal_code mailing_state mailing_country",
    ),
    _table("lead", "customers", "id created_date", f"{_PERSON} street city postal_code state country"),
    _table("opportunity_contact_role", "links", "opportunity_id contact_id"),
    _table(
        "opportunity",
        "orders",
        "id",
        "account_id contact_id amount currency_iso_code close_date is_closed is_won type",
    ),
    _table(
        "order",
        "orders",
        "id",
        "account_id bill_to_contact_id total_amount currency_iso_code effective_date end_date status status_code type "
        "is_reduction_order",
    ),
    _table(
        "task",
        "interactions",
        "id",
        "who_id what_id activity_date completed_date_time created_date status is_closed type task_subtype subject "
        "description call_disposition call_duration_in_seconds",
    ),
    _table(
        "event",
        "interactions",
        "id",
        "who_id what_id activity_date activity_date_time start_date_time type event_subtype subject description "
        "duration_in_minutes",
    ),
    *unused(
        "salesforce",
        "crm",
        "links",
        "account account_history contact_history opportunity_history opportunity_line_item product_2 user user_role",
    ),
)
