/* Descriptors of the 4 KiB granule: Arm ARM, VMSAv8-64. */
    .set TABLE, 3
    .set BLOCK, 1
    .set PAGE, 3
    .set AF, 1 << 10
    .set INNER, 3 << 8
    .set READ_WRITE_USER, 1 << 6
    .set READ_ONLY_USER, 3 << 6
    .set READ_ONLY, 2 << 6
    .set PXN, 1 << 53
    .set UXN, 1 << 54
/* Stage 2. */
    .set S2_NORMAL, 15 << 2
    .set S2_DEVICE, 0
    .set S2_READ, 1 << 6
    .set S2_WRITE, 2 << 6
    .set S2_XN, 2 << 53
