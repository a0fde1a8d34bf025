"""The same template on one machine: an embedded AWS, a local Glue for workflows and jobs, a warm Spark."""
