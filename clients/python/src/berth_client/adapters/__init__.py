"""Berth in the interfaces of trainers and evals. Each module imports its peer, whose package is no dependency of ours."""
