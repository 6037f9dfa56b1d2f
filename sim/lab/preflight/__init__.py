"""The risk list before a campaign: probability, loss, latest day to act, what acting gains, and how such lists came
true."""
