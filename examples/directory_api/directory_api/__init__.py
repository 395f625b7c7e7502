"""A directory of tattoo artists: profiles, portfolios, bookings and reviews over HTTP."""
