// SPDX-License-Identifier: GPL-2.0
/*
 * A vDPA device without queues that does nothing but watch what vhost-vdpa
 * maps: memory that is mapped for the device has to be pinned. Each page that
 * is found mapped and not pinned is counted.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vdpa.h>
#include <linux/vhost_iotlb.h>
#include <uapi/linux/virtio_ids.h>

static bool batch;
module_param(batch, bool, 0444);
MODULE_PARM_DESC(batch, "The whole map at once (set_map) instead of dma_map");

static int fail_at;
module_param(fail_at, int, 0644);
MODULE_PARM_DESC(fail_at, "Fail this call for a map, from now on; 0: none");

static long unpinned;
module_param(unpinned, long, 0644);
MODULE_PARM_DESC(unpinned, "Pages that were mapped and not pinned");

static long mapped;
module_param(mapped, long, 0444);
MODULE_PARM_DESC(mapped, "Ranges that are mapped");

static struct vdpa_device *watch;
static struct vhost_iotlb *iotlb;
static u8 status;

static void check_map(struct vhost_iotlb_map *map)
{
	u64 pa;

	for (pa = map->addr; pa < map->addr + map->size; pa += PAGE_SIZE)
		if (!folio_maybe_dma_pinned(pfn_folio(PFN_DOWN(pa))))
			unpinned++;
}

static void check_range(u64 start, u64 last)
{
	struct vhost_iotlb_map *map;

	for (map = vhost_iotlb_itree_first(iotlb, start, last); map;
	     map = vhost_iotlb_itree_next(map, start, last))
		check_map(map);
}

static bool fails_now(void)
{
	return fail_at && !--fail_at;
}

static int watch_dma_map(struct vdpa_device *vdev, unsigned int asid, u64 iova,
			 u64 size, u64 pa, u32 perm, void *opaque)
{
	int rc;

	if (fails_now())
		return -EIO;
	rc = vhost_iotlb_add_range(iotlb, iova, iova + size - 1, pa, perm);
	if (!rc)
		check_range(iova, iova + size - 1);
	mapped = iotlb->nmaps;
	return rc;
}

static int watch_dma_unmap(struct vdpa_device *vdev, unsigned int asid,
			   u64 iova, u64 size)
{
	check_range(iova, iova + size - 1);
	vhost_iotlb_del_range(iotlb, iova, iova + size - 1);
	mapped = iotlb->nmaps;
	return 0;
}

static int watch_set_map(struct vdpa_device *vdev, unsigned int asid,
			 struct vhost_iotlb *new)
{
	struct vhost_iotlb_map *map;
	int rc = 0;

	if (fails_now())
		return -EIO;
	check_range(0, U64_MAX);
	vhost_iotlb_reset(iotlb);
	for (map = vhost_iotlb_itree_first(new, 0, U64_MAX); map && !rc;
	     map = vhost_iotlb_itree_next(map, 0, U64_MAX))
		rc = vhost_iotlb_add_range(iotlb, map->start, map->last,
					   map->addr, map->perm);
	check_range(0, U64_MAX);
	mapped = iotlb->nmaps;
	return rc;
}

static int watch_reset_map(struct vdpa_device *vdev, unsigned int asid)
{
	check_range(0, U64_MAX);
	vhost_iotlb_reset(iotlb);
	mapped = 0;
	return 0;
}

static int watch_set_vq_address(struct vdpa_device *vdev, u16 idx, u64 desc,
				u64 driver, u64 device)
{
	return 0;
}

static void watch_set_vq_num(struct vdpa_device *vdev, u16 idx, u32 num)
{
}

static void watch_kick_vq(struct vdpa_device *vdev, u16 idx)
{
}

static void watch_set_vq_cb(struct vdpa_device *vdev, u16 idx,
			    struct vdpa_callback *cb)
{
}

static void watch_set_vq_ready(struct vdpa_device *vdev, u16 idx, bool ready)
{
}

static bool watch_get_vq_ready(struct vdpa_device *vdev, u16 idx)
{
	return false;
}

static int watch_set_vq_state(struct vdpa_device *vdev, u16 idx,
			      const struct vdpa_vq_state *state)
{
	return 0;
}

static int watch_get_vq_state(struct vdpa_device *vdev, u16 idx,
			      struct vdpa_vq_state *state)
{
	return 0;
}

static u32 watch_get_vq_align(struct vdpa_device *vdev)
{
	return PAGE_SIZE;
}

static u64 watch_get_features(struct vdpa_device *vdev)
{
	return BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | BIT_ULL(VIRTIO_F_VERSION_1);
}

static int watch_set_features(struct vdpa_device *vdev, u64 features)
{
	return 0;
}

static void watch_set_config_cb(struct vdpa_device *vdev,
				struct vdpa_callback *cb)
{
}

static u16 watch_get_vq_num_max(struct vdpa_device *vdev)
{
	return 16;
}

static u32 watch_get_device_id(struct vdpa_device *vdev)
{
	return VIRTIO_ID_BLOCK;
}

static u32 watch_get_vendor_id(struct vdpa_device *vdev)
{
	return 0;
}

static u8 watch_get_status(struct vdpa_device *vdev)
{
	return status;
}

static void watch_set_status(struct vdpa_device *vdev, u8 s)
{
	status = s;
}

static int watch_reset(struct vdpa_device *vdev)
{
	status = 0;
	return 0;
}

static size_t watch_get_config_size(struct vdpa_device *vdev)
{
	return 0;
}

static void watch_get_config(struct vdpa_device *vdev, unsigned int offset,
			     void *buf, unsigned int len)
{
	memset(buf, 0, len);
}

static void watch_set_config(struct vdpa_device *vdev, unsigned int offset,
			     const void *buf, unsigned int len)
{
}

#define WATCH_OPS						\
	.set_vq_address		= watch_set_vq_address,		\
	.set_vq_num		= watch_set_vq_num,		\
	.kick_vq		= watch_kick_vq,		\
	.set_vq_cb		= watch_set_vq_cb,		\
	.set_vq_ready		= watch_set_vq_ready,		\
	.get_vq_ready		= watch_get_vq_ready,		\
	.set_vq_state		= watch_set_vq_state,		\
	.get_vq_state		= watch_get_vq_state,		\
	.get_vq_align		= watch_get_vq_align,		\
	.get_device_features	= watch_get_features,		\
	.get_driver_features	= watch_get_features,		\
	.set_driver_features	= watch_set_features,		\
	.set_config_cb		= watch_set_config_cb,		\
	.get_vq_num_max		= watch_get_vq_num_max,		\
	.get_device_id		= watch_get_device_id,		\
	.get_vendor_id		= watch_get_vendor_id,		\
	.get_status		= watch_get_status,		\
	.set_status		= watch_set_status,		\
	.reset			= watch_reset,			\
	.get_config_size	= watch_get_config_size,	\
	.get_config		= watch_get_config,		\
	.set_config		= watch_set_config,		\
	.reset_map		= watch_reset_map

static const struct vdpa_config_ops watch_ops = {
	WATCH_OPS,
	.dma_map		= watch_dma_map,
	.dma_unmap		= watch_dma_unmap,
};

static const struct vdpa_config_ops watch_batch_ops = {
	WATCH_OPS,
	.set_map		= watch_set_map,
};

static int __init watch_init(void)
{
	int rc;

	iotlb = vhost_iotlb_alloc(1 << 20, 0);
	if (!iotlb)
		return -ENOMEM;
	watch = __vdpa_alloc_device(NULL, batch ? &watch_batch_ops : &watch_ops,
				    NULL, 1, 1, sizeof(*watch), "watch", false);
	if (IS_ERR(watch)) {
		vhost_iotlb_free(iotlb);
		return PTR_ERR(watch);
	}
	watch->vmap.dma_dev = &watch->dev;
	rc = vdpa_register_device(watch, 1);
	if (rc) {
		put_device(&watch->dev);
		vhost_iotlb_free(iotlb);
	}
	return rc;
}

static void __exit watch_exit(void)
{
	vdpa_unregister_device(watch);
	vhost_iotlb_free(iotlb);
}

module_init(watch_init);
module_exit(watch_exit);
MODULE_DESCRIPTION("vDPA device that watches what is mapped for it");
MODULE_LICENSE("GPL");
