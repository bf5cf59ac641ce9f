"""What a library may set."""

loan_days = 21
max_renewals = 2
daily_fine = 20  # cents
fine_ceiling = 1000  # cents
hold_days = 7
