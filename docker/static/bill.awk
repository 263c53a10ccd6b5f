# A bill of materials in CycloneDX's JSON, from lines of name, version, Debian's version (- when it has
# none) and licence. `version` and `digest` (SHA-256) are the binary's. Its serial number is made of the
# digest: the same binary has the same bill.

function quoted(text) {
    return "\"" text "\""
}

function member(indent, name, value) {
    return indent quoted(name) ": " value
}

# The version as package URLs write it.
function escaped(text) {
    gsub(/:/, "%3A", text)
    gsub(/\+/, "%2B", text)
    return text
}

BEGIN {
    serial = substr(digest, 1, 8) "-" substr(digest, 9, 4) "-5" substr(digest, 13, 3) "-8" \
        substr(digest, 16, 3) "-" substr(digest, 19, 12)
}

{
    licence = $4
    for (i = 5; i <= NF; i++)
        licence = licence " " $i
    component = member("      ", "type", quoted("library")) ",\n"
    component = component member("      ", "bom-ref", quoted($1)) ",\n"
    component = component member("      ", "name", quoted($1)) ",\n"
    component = component member("      ", "version", quoted($2)) ",\n"
    if ($3 != "-")
        component = component member("      ", "purl",
            quoted("pkg:deb/debian/" $1 "@" escaped($3) "?arch=source")) ",\n"
    component = component member("      ", "licenses",
        "[{\"expression\": " quoted(licence) "}]")
    components = components (NR > 1 ? ",\n" : "") "    {\n" component "\n    }"
    names = names (NR > 1 ? ", " : "") quoted($1)
}

END {
    print "{"
    print member("  ", "bomFormat", quoted("CycloneDX")) ","
    print member("  ", "specVersion", quoted("1.5")) ","
    print member("  ", "serialNumber", quoted("urn:uuid:" serial)) ","
    print member("  ", "version", 1) ","
    print "  \"metadata\": {\n    \"component\": {"
    print member("      ", "type", quoted("application")) ","
    print member("      ", "bom-ref", quoted("db-entry")) ","
    print member("      ", "name", quoted("db-entry")) ","
    print member("      ", "version", quoted(version)) ","
    print member("      ", "hashes", "[{\"alg\": \"SHA-256\", \"content\": " quoted(digest) "}]") ","
    print member("      ", "licenses", "[{\"expression\": \"MIT\"}]")
    print "    }\n  },"
    print "  \"components\": [\n" components "\n  ],"
    print "  \"dependencies\": [{\"ref\": \"db-entry\", \"dependsOn\": [" names "]}]"
    print "}"
}
