--
-- PostgreSQL database dump
--

\restrict 8dPZTJNoBNjLbNQDSX0hTVLT2rBDhvfPk1bwVtAvG7w3kjIcl4dNGkVv3QY5dBz

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

SET default_tablespace = '';

CREATE TABLE public.users (
    id integer NOT NULL,
    name text
);

COPY public.users (id, name) FROM stdin;
1	Ada
\.

SELECT pg_catalog.setval('public.users_id_seq', 1, true);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

\unrestrict 8dPZTJNoBNjLbNQDSX0hTVLT2rBDhvfPk1bwVtAvG7w3kjIcl4dNGkVv3QY5dBz
