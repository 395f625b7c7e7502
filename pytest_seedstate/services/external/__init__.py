"""Services that run already: nothing here is started, and only what we made there is removed."""
