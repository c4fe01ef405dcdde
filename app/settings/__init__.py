"""The whole configuration, frozen and closed; read by `app.loading.config` and nothing else."""
