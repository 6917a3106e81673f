-- The first release fills both prices and reads `price`; the second reads `cents`; the third knows that alone.
create table shop.items (
    id bigint generated always as identity primary key,
    name text not null,
    price numeric(10, 2),
    cents bigint
);
