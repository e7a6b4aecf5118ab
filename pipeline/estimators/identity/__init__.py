"""Who is who: spellings, the pair model, the household mixture, cluster decisions and customer ids."""
