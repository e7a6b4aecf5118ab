"""A whole Airflow in one folder, for trying Landmark."""
