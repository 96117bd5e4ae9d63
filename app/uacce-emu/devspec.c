/* SPDX-License-Identifier: BSD-3-Clause */
/* --device KIND[:OPTION,...]: v2, v3, v5 stand for hw=v2, ..., and iommu for mode=iommu. */
#include <stdio.h>
#include <string.h>

#include "app.h"

static const struct {
	const char *word, *option;
} short_forms[] = {
	{ "v2", "hw=v2" }, { "v3", "hw=v3" }, { "v5", "hw=v5" },
	{ "sva", "mode=sva" }, { "iommu", "mode=iommu" }, { "noiommu", "mode=noiommu" },
	{ "domain", "mode=domain" },
};

static const char *
full_form(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(short_forms) / sizeof(short_forms[0]); i++)
		if (strcmp(short_forms[i].word, word) == 0)
			return short_forms[i].option;
	return word;
}

static int
add_option(struct dev_spec *d, const char *word)
{
	size_t used = strlen(d->options);
	int n;

	n = snprintf(d->options + used, sizeof(d->options) - used, "%s%s", used == 0 ? "" : ",",
		full_form(word));
	return n < 0 || (size_t)n >= sizeof(d->options) - used;
}

int
dev_list_add(struct dev_list *list, const char *text)
{
	struct dev_spec *d = &list->spec[list->nb];
	char copy[256], *word, *save = NULL;
	size_t len = strcspn(text, ":");

	if (list->nb == APP_MAX_DEVS)
		return app_error("more than %d devices", APP_MAX_DEVS);
	memset(d, 0, sizeof(*d));
	if (len == 0 || len >= sizeof(d->kind) || strlen(text) >= sizeof(copy) / 2 ||
			strpbrk(text, " \t\n") != NULL)
		return app_error("bad device '%s', want KIND[:OPTION,...]", text);
	memcpy(d->kind, text, len);
	strcpy(copy, text[len] == ':' ? text + len + 1 : "");
	for (word = strtok_r(copy, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save))
		if (add_option(d, word) != 0)
			return app_error("too many options in '%s'", text);
	list->nb++;
	return 0;
}

void
dev_list_default(struct dev_list *list)
{
	if (list->nb != 0)
		return;
	dev_list_add(list, "sec2");
	dev_list_add(list, "zip");
}

bool
dev_spec_has(const struct dev_spec *spec, const char *key)
{
	const char *p = spec->options;
	size_t len = strlen(key);

	for (;;) {
		if (strncmp(p, key, len) == 0 && p[len] == '=')
			return true;
		p = strchr(p, ',');
		if (p == NULL)
			return false;
		p++;
	}
}
