CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    supplier TEXT NOT NULL
);
