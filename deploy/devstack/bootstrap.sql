-- Makes the logins and the database of one service. Run it as an administrator, once per service:
--
--   psql -v service=projects -v owner_password=… -v app_password=… -v platform_password=… \
--        -d postgres -f bootstrap.sql
--
-- with each of identity, projects, documents, billing and notifications. A second run changes
-- nothing; passwords are changed with `alter role`. Three logins per service, because:
--
--   <service>_owner     owns the schema and runs migrations; a running service never has it
--   <service>_app       reads and writes rows of one organization at a time (row-level security)
--   <service>_platform  the few tasks that cross organizations, on the tables that allow it
--
-- devstack runs this file through a small reader of its own. It knows \set, \connect, \gexec and
-- quoted variables, and wants each statement to end a line, by `;` or by \gexec on a line alone.

\set ON_ERROR_STOP on
\set owner :service _owner
\set app :service _app
\set platform :service _platform

select format('create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L', name, password)
from (values
    (:'owner', :'owner_password'),
    (:'app', :'app_password'),
    (:'platform', :'platform_password')
) as login (name, password)
where not exists (select from pg_roles where rolname = name)
\gexec

-- An administrator who is no superuser, as on managed databases, may give a database only to a
-- role that is theirs to act as.
select format('grant %I to current_user', :'owner')
where not (select rolsuper from pg_roles where rolname = current_user)
    and not pg_has_role(:'owner', 'usage')
\gexec

-- Built-in collation: the same order of texts on every machine, whatever its C library.
select format('create database %I owner %I template template0 encoding %L locale_provider builtin builtin_locale %L', :'service', :'owner', 'UTF8', 'C.UTF-8')
where not exists (select from pg_database where datname = :'service')
\gexec

revoke all on database :"service" from public;
grant connect on database :"service" to :"owner", :"app", :"platform";

\connect :service

alter schema public owner to :"owner";
revoke all on schema public from public;
grant usage on schema public to :"app", :"platform";
