exports.up = (knex) => knex;
