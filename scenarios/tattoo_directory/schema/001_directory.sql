-- What bookings and reviews refer to. The full profiles live in the DynamoDB table; these rows
-- carry what a relational query filters, joins or sums over.

CREATE TABLE studios (
    id           text PRIMARY KEY,
    name         text NOT NULL,
    address      text NOT NULL,
    postcode     text NOT NULL,
    latitude     numeric(8, 6) NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude    numeric(9, 6) NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    geohash      text NOT NULL,
    rating       numeric(2, 1) NOT NULL CHECK (rating BETWEEN 1.0 AND 5.0),
    review_count integer NOT NULL CHECK (review_count >= 0),
    established  smallint NOT NULL
);

CREATE TABLE artists (
    id             text PRIMARY KEY,
    studio_id      text NOT NULL REFERENCES studios (id),
    name           text NOT NULL,
    styles         text[] NOT NULL CHECK (cardinality(styles) > 0),
    rating         numeric(2, 1) NOT NULL CHECK (rating BETWEEN 1.0 AND 5.0),
    review_count   integer NOT NULL CHECK (review_count >= 0),
    hourly_rate    numeric(6, 2) NOT NULL CHECK (hourly_rate BETWEEN 80 AND 250),
    minimum_charge numeric(6, 2) NOT NULL CHECK (minimum_charge > 0),
    currency       text NOT NULL DEFAULT 'GBP' CHECK (currency = 'GBP'),
    booking_open   boolean NOT NULL,
    joined_on      date NOT NULL,
    opted_out      boolean NOT NULL DEFAULT false
);

CREATE INDEX artists_by_studio ON artists (studio_id);
CREATE INDEX artists_by_style ON artists USING gin (styles);
