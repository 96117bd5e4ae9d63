/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes a test vector file for "dpdk-test-crypto-perf --ptest verify", computed by OpenSSL.
 *
 *   perf_vectors aes-cbc-sha1|aes-gcm SIZE
 *
 * AES-128-CBC then HMAC-SHA1 over the ciphertext with a 64-byte key, or AES-128-GCM with a 12-byte
 * IV and 16 bytes of AAD. SIZE bytes of text, a multiple of 16 for CBC. The file goes to stdout;
 * its one section, the tool's --test-name, is called as the algorithm.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MAX_SIZE        65536
#define KEY_SIZE        16
#define HMAC_KEY_SIZE   64
#define AAD_SIZE        16
#define TAG_SIZE        16

/* The same vectors in each run; any bytes do that do not repeat. */
static void
fill(uint8_t *data, size_t size, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < size; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = x >> 24;
	}
}

static void
print(const char *name, const uint8_t *data, size_t size)
{
	size_t i;

	printf("%s =\n", name);
	for (i = 0; i < size; i++)
		printf("0x%02x%s", data[i], i + 1 == size ? "\n" : i % 16 == 15 ? ",\n" : ", ");
}

/* One pass of OpenSSL's EVP interface; tag and aad are NULL unless the cipher takes them. */
static bool
encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, const uint8_t *aad,
	const uint8_t *in, uint8_t *out, size_t size, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t rest[EVP_MAX_BLOCK_LENGTH];
	int len;
	bool ok;

	ok = ctx != NULL && EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		(aad == NULL || EVP_EncryptUpdate(ctx, NULL, &len, aad, AAD_SIZE) == 1) &&
		EVP_EncryptUpdate(ctx, out, &len, in, size) == 1 && (size_t)len == size &&
		EVP_EncryptFinal_ex(ctx, rest, &len) == 1 && len == 0 &&
		(tag == NULL ||
		 EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool
write_cbc_sha1(const uint8_t *plain, uint8_t *text, size_t size)
{
	uint8_t key[KEY_SIZE], iv[16], auth_key[HMAC_KEY_SIZE], digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len;

	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	fill(auth_key, sizeof(auth_key), 3);
	if (!encrypt(EVP_aes_128_cbc(), key, iv, NULL, plain, text, size, NULL) ||
	    HMAC(EVP_sha1(), auth_key, sizeof(auth_key), text, size, digest, &digest_len) == NULL)
		return false;
	print("plaintext", plain, size);
	print("cipher_key", key, sizeof(key));
	print("auth_key", auth_key, sizeof(auth_key));
	print("cipher_iv", iv, sizeof(iv));
	print("ciphertext", text, size);
	print("digest", digest, digest_len);
	return true;
}

static bool
write_gcm(const uint8_t *plain, uint8_t *text, size_t size)
{
	uint8_t key[KEY_SIZE], iv[12], aad[AAD_SIZE], tag[TAG_SIZE];

	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	fill(aad, sizeof(aad), 3);
	if (!encrypt(EVP_aes_128_gcm(), key, iv, aad, plain, text, size, tag))
		return false;
	print("plaintext", plain, size);
	print("aead_key", key, sizeof(key));
	print("aead_iv", iv, sizeof(iv));
	print("aad", aad, sizeof(aad));
	print("ciphertext", text, size);
	print("digest", tag, sizeof(tag));
	return true;
}

int
main(int argc, char **argv)
{
	static uint8_t plain[MAX_SIZE], text[MAX_SIZE];
	size_t size = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	bool ok;

	if (size == 0 || size > MAX_SIZE) {
		fprintf(stderr, "usage: perf_vectors aes-cbc-sha1|aes-gcm SIZE (at most %d)\n",
			MAX_SIZE);
		return 1;
	}
	fill(plain, size, 4);
	printf("[%s]\n", argv[1]);
	if (strcmp(argv[1], "aes-cbc-sha1") == 0) {
		ok = size % 16 == 0 && write_cbc_sha1(plain, text, size);
	} else if (strcmp(argv[1], "aes-gcm") == 0) {
		ok = write_gcm(plain, text, size);
	} else {
		fprintf(stderr, "perf_vectors: error: unknown algorithm '%s'\n", argv[1]);
		return 1;
	}
	if (!ok)
		fprintf(stderr, "perf_vectors: error: cannot compute %s of %zu bytes\n", argv[1], size);
	return ok && fflush(stdout) == 0 ? 0 : 1;
}
