"""What Landmark adds to Airflow's UI: the list of reports, a Report tab on each run, the headline as the run's note."""
