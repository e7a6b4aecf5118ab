"""Web analytics in their exporters' own forms."""

from pipeline.sources.tables import VendorTable

# an enriched event in the order of its TSV, which has no header
_SNOWPLOW = (
    "app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker "
    "v_tracker v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx "
    "network_userid geo_country geo_region geo_city geo_zipcode geo_latitude geo_longitude "
    "geo_region_name ip_isp ip_organization ip_domain ip_netspeed page_url page_title page_referrer "
    "page_urlscheme page_urlhost page_urlport page_urlpath page_urlquery page_urlfragment refr_urlscheme "
    "refr_urlhost refr_urlport refr_urlpath refr_urlquery refr_urlfragment refr_medium refr_source "
    "refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign contexts se_category se_action "
    "se_label se_property se_value unstruct_event tr_orderid tr_affiliation tr_total tr_tax tr_shipping "
    "tr_city tr_state tr_country ti_orderid ti_sku ti_name ti_category ti_price ti_quantity "
    "pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max useragent br_name br_family br_version "
    "br_type br_renderengine br_lang br_features_pdf br_features_flash br_features_java "
    "br_features_director br_features_quicktime br_features_realplayer br_features_windowsmedia "
    "br_features_gears br_features_silverlight br_cookies br_colordepth br_viewwidth br_viewheight "
    "os_name os_family os_manufacturer os_timezone dvce_type dvce_ismobile dvce_screenwidth "
    "dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base tr_tax_base "
    "tr_shipping_base ti_currency ti_price_base base_currency geo_timezone mkt_clickid mkt_network "
    "etl_tags dvce_sent_tstamp refr_domain_userid refr_dvce_tstamp derived_contexts domain_sessionid "
    "derived_tstamp event_vendor event_name event_format event_version event_fingerprint true_tstamp"
)
TABLES = (
    VendorTable(
        "snowplow",
        "web",
        "events",
        "events",
        "event_id event",
        "event_name derived_tstamp collector_tstamp user_id domain_userid network_userid user_ipaddress useragent "
        "page_title page_url page_urlpath page_referrer mkt_medium mkt_source mkt_campaign se_category se_action "
        "se_label se_value tr_orderid tr_total contexts "
        "web_page=contexts_com_snowplowanalytics_snowplow_web_page_1_0_0",
        tsv_header=_SNOWPLOW,
    ),
    VendorTable(
        "posthog",
        "web",
        "events",
        "events",
        "uuid event distinct_id timestamp",
        "created_at properties device_id=properties.$device_id user_id=properties.$user_id "
        "is_identified=properties.$is_identified anon_distinct_id=properties.$anon_distinct_id ip=properties.$ip "
        "user_agent=properties.$raw_user_agent url=properties.$current_url path=properties.$pathname "
        "referrer=properties.$referrer title=properties.title utm_medium=properties.utm_medium "
        "utm_source=properties.utm_source utm_campaign=properties.utm_campaign order_id=properties.order_id "
        "topic=properties.topic outcome=properties.outcome duration_seconds=properties.duration_seconds "
        "category=properties.category rating=properties.rating amount=properties.amount "
        "email=properties.$set.email person_email=person_properties.email",
    ),
    VendorTable(
        "ga4",
        "web",
        "events",
        "events",
        "event_name event_timestamp",
        "user_id user_pseudo_id event_params event_bundle_sequence_id batch_event_index "
        "transaction_id=ecommerce.transaction_id revenue=ecommerce.purchase_revenue "
        "medium=traffic_source.medium source=traffic_source.source campaign=traffic_source.name",
    ),
)
