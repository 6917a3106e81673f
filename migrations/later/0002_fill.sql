update shop.items set cents = price * 100 where cents is null;
