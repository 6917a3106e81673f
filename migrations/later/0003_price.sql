alter table shop.items drop column price;
