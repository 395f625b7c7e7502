import pytest

pytestmark = pytest.mark.scenario("three-products")


def test_everything_can_be_sold_out(postgres, dynamodb):
    postgres.execute("DELETE FROM products")
    dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p000", "sk": "PROFILE"})

    assert postgres.execute("SELECT count(*) FROM products").fetchone() == (0,)


def test_the_next_test_finds_all_products_again(postgres, dynamodb):
    skus = [sku for (sku,) in postgres.execute("SELECT sku FROM products ORDER BY sku")]
    item = dynamodb.Table("shop").get_item(Key={"pk": "PRODUCT#p000", "sk": "PROFILE"})

    assert skus == ["p000", "p001", "p002"]
    assert item["Item"]["sku"] == "p000"
