CREATE TABLE bookings (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    artist_id    text NOT NULL REFERENCES artists (id),
    client_name  text NOT NULL,
    client_email text NOT NULL CHECK (client_email LIKE '%_@_%'),
    style_id     text NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    price        numeric(8, 2) NOT NULL CHECK (price > 0),
    status       text NOT NULL DEFAULT 'requested'
                 CHECK (status IN ('requested', 'confirmed', 'completed', 'cancelled', 'no_show')),
    details      jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (ends_at > starts_at)
);

-- A cancelled booking gives its slot back. An exclusion constraint on overlapping ranges would
-- need the extension btree_gist, which not every server has.
CREATE UNIQUE INDEX bookings_one_per_slot
    ON bookings (artist_id, starts_at) WHERE status <> 'cancelled';

CREATE TABLE reviews (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    artist_id   text NOT NULL REFERENCES artists (id),
    booking_id  bigint UNIQUE REFERENCES bookings (id) ON DELETE SET NULL,
    client_name text NOT NULL,
    rating      smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    text        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX reviews_by_artist ON reviews (artist_id, created_at DESC);
