/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the uacce devices of this machine, or the emulated ones, and what libwd does with them. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wd.h"

static const char *const kinds[] = {"crypto", "comp"};

static const char *const ciphers[WD_CIPHER_MAX] = {
	[WD_CIPHER_AES_ECB] = "aes-ecb", [WD_CIPHER_AES_CBC] = "aes-cbc",
	[WD_CIPHER_AES_CTR] = "aes-ctr", [WD_CIPHER_AES_XTS] = "aes-xts",
	[WD_CIPHER_AES_OFB] = "aes-ofb", [WD_CIPHER_AES_CFB] = "aes-cfb",
	[WD_CIPHER_AES_CBC_CS1] = "aes-cbc-cs1", [WD_CIPHER_AES_CBC_CS2] = "aes-cbc-cs2",
	[WD_CIPHER_AES_CBC_CS3] = "aes-cbc-cs3", [WD_CIPHER_DES_ECB] = "des-ecb",
	[WD_CIPHER_DES_CBC] = "des-cbc", [WD_CIPHER_3DES_ECB] = "3des-ecb",
	[WD_CIPHER_3DES_CBC] = "3des-cbc", [WD_CIPHER_SM4_ECB] = "sm4-ecb",
	[WD_CIPHER_SM4_CBC] = "sm4-cbc", [WD_CIPHER_SM4_CTR] = "sm4-ctr",
	[WD_CIPHER_SM4_XTS] = "sm4-xts", [WD_CIPHER_SM4_OFB] = "sm4-ofb",
	[WD_CIPHER_SM4_CFB] = "sm4-cfb",
};
static const char *const auths[WD_AUTH_MAX] = {
	[WD_AUTH_MD5] = "md5", [WD_AUTH_SHA1] = "sha1", [WD_AUTH_SHA224] = "sha224",
	[WD_AUTH_SHA256] = "sha256", [WD_AUTH_SHA384] = "sha384", [WD_AUTH_SHA512] = "sha512",
	[WD_AUTH_SHA512_224] = "sha512-224", [WD_AUTH_SHA512_256] = "sha512-256",
	[WD_AUTH_SM3] = "sm3", [WD_AUTH_MD5_HMAC] = "md5-hmac",
	[WD_AUTH_SHA1_HMAC] = "sha1-hmac", [WD_AUTH_SHA224_HMAC] = "sha224-hmac",
	[WD_AUTH_SHA256_HMAC] = "sha256-hmac", [WD_AUTH_SHA384_HMAC] = "sha384-hmac",
	[WD_AUTH_SHA512_HMAC] = "sha512-hmac", [WD_AUTH_SM3_HMAC] = "sm3-hmac",
	[WD_AUTH_AES_XCBC_MAC] = "aes-xcbc-mac", [WD_AUTH_AES_CMAC] = "aes-cmac",
	[WD_AUTH_AES_GMAC] = "aes-gmac",
};
static const char *const aeads[WD_AEAD_MAX] = {
	[WD_AEAD_AES_GCM] = "aes-gcm", [WD_AEAD_AES_CCM] = "aes-ccm",
	[WD_AEAD_SM4_GCM] = "sm4-gcm", [WD_AEAD_SM4_CCM] = "sm4-ccm",
};
static const char *const comps[WD_COMP_MAX] = {
	[WD_COMP_DEFLATE] = "deflate", [WD_COMP_ZLIB] = "zlib", [WD_COMP_GZIP] = "gzip",
	[WD_COMP_LZ77_ZSTD] = "lz77_zstd", [WD_COMP_LZ77_ONLY] = "lz77_only", [WD_COMP_LZ4] = "lz4",
};

static void
print_set(const char *title, uint64_t mask, const char *const *names, unsigned int n)
{
	if (mask == 0)
		return;
	printf("  %-12s", title);
	for (unsigned int i = 0; i < n; i++)
		if ((mask & 1ULL << i) && names[i] != NULL)
			printf(" %s", names[i]);
	printf("\n");
}

static void
print_caps(const struct wd_caps *caps)
{
	print_set("ciphers", caps->ciphers, ciphers, WD_CIPHER_MAX);
	print_set("auths", caps->auths, auths, WD_AUTH_MAX);
	print_set("aeads", caps->aeads, aeads, WD_AEAD_MAX);
	print_set("compression", caps->comps, comps, WD_COMP_MAX);
	printf("  %-12s %u outstanding, %u segments, %u bytes\n", "limits", caps->max_depth,
		caps->max_segs, caps->max_len);
}

static const char *
memory_of(uint32_t flags)
{
	if (flags & WD_DEV_SVA)
		return "any of the process (SVA)";
	if (flags & WD_DEV_NOIOMMU)
		return "static shared, physical addresses (no IOMMU)";
	return flags & WD_DEV_IOMMU ? "static shared (IOMMU)" : "none to share";
}

static void
print_device(const struct wd_dev_info *info)
{
	char words[sizeof(info->algorithms)];

	strcpy(words, info->algorithms);
	for (char *p = words; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	printf("%s: %s, NUMA node %d, %u queues free%s\n", info->name, info->api,
		info->numa_node, info->available, info->isolated ? ", ISOLATED" : "");
	printf("  %-12s %s\n", "algorithms", words);
	printf("  %-12s %s\n", "memory", memory_of(info->flags));
}

/* What the user driver says of a device. With about, also what the device says. */
static int
print_driver(const char *spec, const char *kind, const char *options, bool about, char *err,
	size_t err_size)
{
	struct wd_device *dev;
	struct wd_dev_info info;
	int ret;

	ret = wd_device_open(spec, kind, options, -1, &dev, err, err_size);
	if (ret < 0)
		return ret;
	if (about && wd_device_info(dev, &info) == 0)
		print_device(&info);
	print_caps(wd_device_caps(dev));
	wd_device_close(dev);
	return 0;
}

static const char *
kind_of(const struct wd_dev_info *info)
{
	return strstr(info->algorithms, "cipher") != NULL ||
		strstr(info->algorithms, "digest") != NULL ||
		strstr(info->algorithms, "aead") != NULL ? kinds[0] : kinds[1];
}

static int
list_devices(void)
{
	int n = wd_device_list(NULL, 0);
	struct wd_dev_info *infos;
	char err[256];

	if (n == 0) {
		printf("no uacce devices; uacce-info --emu shows the emulated ones\n");
		return 0;
	}
	infos = calloc(n, sizeof(*infos));
	if (infos == NULL)
		return 1;
	/* Devices may come and go between the two calls. */
	for (int i = 0, m = wd_device_list(infos, n); i < n && i < m; i++) {
		print_device(&infos[i]);
		if (print_driver(infos[i].name, kind_of(&infos[i]), NULL, false, err,
			sizeof(err)) < 0)
			printf("  %-12s %s\n", "unusable", err);
	}
	free(infos);
	return 0;
}

/* A device is of one kind, and a socket too; the emulator in the process has both. */
static int
show(const char *spec, const char *kind, const char *options)
{
	char err[256] = "";
	bool shown = false;

	if (kind != NULL)
		shown = print_driver(spec, kind, options, true, err, sizeof(err)) == 0;
	for (size_t i = 0; kind == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		shown |= print_driver(spec, kinds[i], options, true, err, sizeof(err)) == 0;
	if (!shown)
		fprintf(stderr, "uacce-info: %s\n", err);
	return !shown;
}

static void
usage(FILE *f)
{
	fprintf(f, "usage: uacce-info [--emu[=OPTION,...] | --device SPEC] [--kind KIND]\n"
		"  --emu     an emulated device in this process, with the emulator's options\n"
		"  --device  a device by name, or emu:SOCKET\n"
		"  --kind    crypto, comp, sec2, zip or virtio_crypto; for the two above\n");
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"emu", optional_argument, NULL, 'e'},
		{"device", required_argument, NULL, 'd'},
		{"kind", required_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *spec = NULL, *kind = NULL, *emu_options = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "hd:k:", options, NULL)) != -1) {
		switch (opt) {
		case 'e':
			spec = "emu";
			emu_options = optarg;
			break;
		case 'd':
			spec = optarg;
			break;
		case 'k':
			kind = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 1;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return 1;
	}
	if (spec == NULL)
		return list_devices();
	return show(spec, kind, emu_options);
}
